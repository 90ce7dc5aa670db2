/** What trackers and hooks need of Linux and Node.js does not have, and how they run programs. */
export { type Account, type AccountFiles, accountOf, readAccountFiles } from './accounts.ts';
export { type ConnectOptions, connectTcp } from './connect.ts';
export { patience, within } from './deadline.ts';
export { type Ending, exchange, type HttpRequest, type TlsSettings } from './exchange.ts';
export { type HttpUrl, readHttpUrl } from './http-url.ts';
export { addressOctets, addressText, hasHostBits, type Prefix, parsePrefix, sameOctets } from './ip.ts';
export { keepalivedWords, type ToldEvent } from './keepalived-words.ts';
export { LastLine } from './last-line.ts';
export { type LinkState, linkByIndex, linkByName, RTM_DELLINK, RTM_NEWLINK, readLink } from './links.ts';
export {
  attribute,
  body,
  type Message,
  message,
  messagesIn,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  Reader,
} from './messages.ts';
export { type Addon, addon, type EchoSocket, type NetlinkSocket } from './native.ts';
export { programAccount, programEnvironment, startFailure } from './program.ts';
export { resolveHost } from './resolve.ts';
export { Group, NetlinkError, Rtnetlink, watchRtnetlink } from './rtnetlink.ts';
export { type Outcome, type Program, run } from './run.ts';
export { readAuthorities, readSmallFile } from './small-file.ts';
export { checkFamilies, checkTarget, type Target } from './target.ts';
export { codeOf, meaningOf, startRefusal } from './words.ts';
