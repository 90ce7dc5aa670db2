/** `make demo`: two routers share an address; one dies; nobody has to do anything. */
import { missingCommands } from '../test/lab/commands.ts';
import { withLab } from '../test/lab/lab.ts';
import type { Ping } from '../test/lab/ping.ts';
import { sleep } from '../test/lab/wait.ts';
import {
  becomesMaster,
  buildStage,
  describeRouter,
  firstAdvert,
  GATEWAY,
  LAN_VRID,
  type Router,
  reloadRouter,
  SERVER,
  type Stage,
  startPing,
  startRouter,
} from './demo-stage.ts';
import { bold, dim, green, heading, red, show, tell } from './demo-telling.ts';

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

async function showState(stage: Stage): Promise<void> {
  for (const router of stage.routers) show(await describeRouter(router));
}

/** What the client noticed since `from` (ms since the epoch). */
function showCutOff(ping: Ping, from: number): void {
  const gap = ping.longestGap(from - 100).lengthMs;
  const verdict = gap < 5 * ping.everyMs ? green('nothing') : red(`${seconds(gap)} without an answer`);
  show(`what the client noticed (it pings every ${ping.everyMs} ms): ${bold(verdict)}`);
}

/** The client's ARP entry of the gateway: IP address, MAC. */
async function showNeighbour(stage: Stage): Promise<void> {
  const [entry] = (await stage.client.ip(`neigh show ${GATEWAY}`)).split('\n');
  const mac = entry?.match(/lladdr (\S+)/)?.[1] ?? 'unknown';
  show(`the client knows its gateway ${GATEWAY} by the MAC ${mac}`);
}

async function story(
  stage: Stage,
  start: (router: Router) => void,
  reload: (router: Router, priority: number) => Promise<void>,
): Promise<void> {
  const [r1, r2] = stage.routers;

  heading('1. Two routers, one address');
  tell(`
    Each router runs rvrrpd, with one configuration file for both. The daemons elect a Master, the one of the
    higher priority: it answers for ${GATEWAY}, and says so once a second. The other, the Backup, only listens.`);
  console.log();
  start(r1);
  start(r2);
  await becomesMaster(stage, r1);
  await showState(stage);
  const ping = await startPing(stage);
  await sleep(500);
  const answers = ping.replies().length;
  show(green(`the client pings ${SERVER} through ${GATEWAY}: ${answers} answers so far`));
  await showNeighbour(stage);

  heading("2. The Master's daemon is killed (SIGKILL)");
  tell(`
    No good-bye, no cleaning up. r2 waits until it has heard nothing for 3.6 seconds (the Master_Down_Interval:
    three advertisements, and a little more for its low priority), then takes the address over.`);
  console.log();
  const killed = (await r1.daemon?.kill()) ?? Number.NaN;
  await becomesMaster(stage, r2);
  await showState(stage);
  show(`r2 took over ${seconds(firstAdvert(stage, r2, killed) - killed)} after the kill`);
  showCutOff(ping, killed);
  await showNeighbour(stage);
  tell(`
    ${dim("The kernel of r1 still has the address and went on forwarding until r2's announcement (gratuitous")}
    ${dim('ARP) turned the traffic to r2: a crash of the daemon alone costs the client next to nothing. The MAC is')}
    ${dim('the same as before, because it belongs to the address, not to a router.')}`);

  heading('3. r1 comes back');
  tell(`
    Its daemon is started again. It has the higher priority and is configured to use it (preemption), so it
    takes the address back; r2 hears its advertisement and lets go at once.`);
  console.log();
  const back = Date.now();
  start(r1);
  await becomesMaster(stage, r1);
  await showState(stage);
  showCutOff(ping, back);

  heading('4. r1 gets another configuration (kill -HUP)');
  tell(`
    The configuration file now says priority 150 for it, and its daemon is told to read it again. A new generation of
    the daemon takes over from the running one, sockets, timers and all: r1 stays Master.`);
  console.log();
  const reloaded = Date.now();
  await reload(r1, 150);
  await sleep(2500);
  await showState(stage);
  const adverts = stage.lanWire.adverts(LAN_VRID, reloaded - 1500).map(({ time }) => time);
  const pause = Math.max(...adverts.slice(1).map((time, index) => time - adverts[index]!));
  show(`the longest pause between two of its advertisements, due every second: ${seconds(pause)}`);
  showCutOff(ping, reloaded);

  heading('5. r1 loses its cables');
  tell(
    'Now the router itself is out, kernel and all. This is what a power cut looks like to everybody else.',
  );
  console.log();
  const pulled = Date.now();
  await Promise.all([stage.lan.unplug(r1.host), stage.uplink.unplug(r1.host)]);
  await becomesMaster(stage, r2);
  await showState(stage);
  showCutOff(ping, pulled);

  heading('6. The cables are back, then r1 is shut down properly (SIGTERM)');
  tell(`
    A daemon that is asked to end says good-bye (an advertisement of priority 0), and takes its address back.
    r2 waits for its skew time only, 0.6 seconds at priority 100.`);
  console.log();
  await Promise.all([stage.lan.replug(r1.host), stage.uplink.replug(r1.host)]);
  await becomesMaster(stage, r1);
  const stopped = Date.now();
  await r1.daemon?.stop();
  await becomesMaster(stage, r2);
  await showState(stage);
  showCutOff(ping, stopped);
  await ping.stop();
}

const missing = missingCommands(['ip', 'ping', 'tcpdump', 'sysctl']);
if (process.getuid?.() !== 0) {
  console.error('the demo needs root: it builds its network from network namespaces (sudo make demo)');
  process.exit(1);
}
if (missing.length > 0) {
  console.error(`the demo needs the Debian packages ${missing.join(', ')} (make setup installs them)`);
  process.exit(1);
}

const begin = performance.now();
tell(`
  ${bold('rvrrpd demo: a gateway that survives its router')}

  Every host sends what is not for its own network to one gateway address. If the router behind that address
  dies, all of them are cut off. VRRP lets two routers share the address: one uses it, the other waits.
  This network is built now, of network namespaces; nothing outside of them is touched:`);
console.log(`
                           ┌──────┐
                     .2 ───┤  r1  ├─── .2
 ┌────────┐          │     └──────┘     │          ┌────────┐
 │ client ├── LAN ───┤                  ├─ uplink ─┤ server │
 └────────┘          │     ┌──────┐     │          └────────┘
 10.0.0.100          .3 ───┤  r2  ├─── .3          198.51.100.10
                           └──────┘
 shared by the routers: ${bold('10.0.0.1')} on the LAN, 198.51.100.1 on the uplink for the way back`);

await withLab(async (lab) => {
  const stage = await buildStage(lab);
  await story(
    stage,
    (router) => startRouter(lab, stage, router),
    (router, priority) => reloadRouter(lab, stage, router, priority),
  );
});
heading('Done');
tell(
  `All of it is taken down. That was ${seconds(performance.now() - begin)}. How to run rvrrpd for real: README.md.`,
);
