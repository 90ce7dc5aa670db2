/** The number in a file. */
import type { Finding } from 'rvrrpd/plugin';

/** What can be added to a priority: it is 1 to 254. */
const MOST = 253;

/** The verdict on a file's content. @param content as much as was read of it */
export function judgeContent(path: string, content: string): Finding {
  const text = content.trim();
  if (text === '') return { up: false, words: `${path} is empty` };
  if (!/^[+-]?\d+$/.test(text)) return { up: false, words: `${path} holds no whole number` };
  // Nobody means that: it is what else was written there.
  if (!/^[+-]?\d{1,9}$/.test(text))
    return { up: false, words: `${path} holds a number of more than nine digits` };
  const number = Number(text);
  if (number < -MOST) return { up: false, words: `${path} says ${number}` };
  return { up: true, words: `${path} says ${number}`, weight: Math.min(number, MOST) + 0 };
}
