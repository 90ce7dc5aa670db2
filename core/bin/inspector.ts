/** Node.js's inspector: whoever reaches its port does with this process what they like. */
import inspector from 'node:inspector';

const WANTED = /(^|\s)--inspect/;

/**
 * Closes the inspector, unless the command line asks for it: a SIGUSR1 from before there was a handler for it has
 * opened it.
 */
export function closeInspector(): void {
  const wanted = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((option) => WANTED.test(option));
  if (!wanted && inspector.url() !== undefined) inspector.close();
}
