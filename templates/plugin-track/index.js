/**
 * Tracker "example-unix-socket": somebody listens on a Unix socket and, if that is asked for, says the right thing first.
 *
 * When it is checked, for how long at most, and how many results in a row make a verdict is rvrrpd's affair. It runs in a
 * thread of its own: it may be slow, and nobody else notices.
 */
import { connect } from 'node:net';

/** @import { Finding, Tracker, TrackPlugin } from 'rvrrpd/plugin' */

/** Octets of a greeting that are looked at. */
const MOST = 4096;

/** What an operator reads instead of the name of an error number. */
const REASONS = new Map([
  ['ENOENT', 'there is no such socket'],
  ['ECONNREFUSED', 'nobody listens'],
  ['EACCES', 'not permitted'],
]);

/**
 * One `[[track]]`.
 * @implements {Tracker}
 */
class SocketTracker {
  /**
   * @param {string} path
   * @param {string | undefined} greeting
   */
  constructor(path, greeting) {
    this.path = path;
    this.greeting = greeting;
  }

  // What can be told of changes has start(changed) too: it calls changed() whenever a check may find something else. What
  // has opened anything that lasts has stop().

  /**
   * @param {AbortSignal} signal aborted when the time is over: whatever was begun must end at once
   * @returns {Promise<Finding>}
   */
  check(signal) {
    const { path, greeting } = this;
    return new Promise((resolve) => {
      const socket = connect(path);
      let heard = '';
      /**
       * @param {boolean} up
       * @param {string} why
       */
      const answer = (up, why) => {
        signal.removeEventListener('abort', abort);
        socket.destroy();
        resolve({ up, words: `${path}: ${why}` });
      };
      const abort = () => answer(false, 'no answer');
      signal.addEventListener('abort', abort);
      if (signal.aborted) return abort();
      socket.on('error', (/** @type {NodeJS.ErrnoException} */ { code = '', message }) => {
        // What is not there yet is down. It is no mistake in the configuration.
        answer(false, REASONS.get(code) ?? message);
      });
      socket.on('connect', () => {
        if (greeting === undefined) answer(true, 'somebody listens');
      });
      socket.on('data', (part) => {
        heard = (heard + part.toString()).slice(0, MOST);
        if (greeting === undefined || heard.length < greeting.length) return;
        if (heard.startsWith(greeting)) answer(true, 'says what it should');
        else answer(false, `says ${JSON.stringify(heard.slice(0, 40))}`);
      });
      socket.on('end', () => answer(false, `says no more than ${JSON.stringify(heard.slice(0, 40))}`));
    });
  }
}

/** @type {TrackPlugin} */
const plugin = {
  kind: 'track',
  // What can never be right is an error here, with the directive and the value: the daemon does not start, or its reload is
  // called off. schema.json has said most of it already, with the line in the file.
  create: ({ settings }) => {
    const { path, greeting } = /** @type {{ path: string, greeting?: string }} */ (settings);
    if (Buffer.byteLength(path) > 107) throw new Error(`path = "${path}": must have at most 107 octets`);
    return new SocketTracker(path, greeting);
  },
};

export default plugin;
