/**
 * Hook "example-unix-socket": connects to a Unix socket, and writes each event there as a line of JSON. Whoever listens
 * answers with a line, "ok" or what is wrong.
 *
 * Order, queue, and how often a delivery that has failed is tried again is rvrrpd's affair. It runs in a thread of its own:
 * it may be slow, and nobody else notices.
 */
import { connect } from 'node:net';

/** @import { Notifier, NotifyEvent, NotifyPlugin } from 'rvrrpd/plugin' */

/** Octets of an answer that are looked at. */
const MOST = 200;

/** What an operator reads instead of the name of an error number. */
const REASONS = new Map([
  ['ENOENT', 'there is no such socket'],
  ['ECONNREFUSED', 'nobody listens'],
  ['EACCES', 'not permitted'],
]);

/**
 * One `[[notify]]`.
 * @implements {Notifier}
 */
class SocketNotifier {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
  }

  // What has opened anything that lasts has stop().

  /**
   * @param {NotifyEvent} event
   * @param {AbortSignal} signal aborted when the time is over: whatever was begun must end at once
   * @returns {Promise<void>}
   */
  deliver(event, signal) {
    const { path } = this;
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      let heard = '';
      /** @param {string} [failure] */
      const end = (failure) => {
        signal.removeEventListener('abort', abort);
        socket.destroy();
        if (failure === undefined) resolve();
        else reject(new Error(`${path}: ${failure}`)); // it is tried again; with `final: true` on the error it is not
      };
      const abort = () => end('no answer');
      signal.addEventListener('abort', abort);
      if (signal.aborted) return abort();
      socket.on('error', (/** @type {NodeJS.ErrnoException} */ { code = '', message }) => {
        end(REASONS.get(code) ?? message);
      });
      socket.on('connect', () => socket.write(`${JSON.stringify(event)}\n`));
      socket.on('data', (part) => {
        heard = (heard + part.toString()).slice(0, MOST);
        if (!heard.includes('\n')) return;
        const [answer] = heard.split('\n');
        end(answer === 'ok' ? undefined : `says ${JSON.stringify(answer)}`);
      });
      socket.on('end', () => end('hangs up without an answer'));
    });
  }
}

/** @type {NotifyPlugin} */
const plugin = {
  kind: 'notify',
  // What can never be right is an error here, with the directive and the value: the daemon does not start, or its reload is
  // called off. schema.json has said most of it already, with the line in the file.
  create: ({ settings }) => {
    const { path } = /** @type {{ path: string }} */ (settings);
    if (Buffer.byteLength(path) > 107) throw new Error(`path = "${path}": must have at most 107 octets`);
    return new SocketNotifier(path);
  },
};

export default plugin;
