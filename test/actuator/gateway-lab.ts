/** A LAN with a client, and a router between it and an uplink: where ARP and forwarding are looked at. */
import { spawn } from 'node:child_process';
import { Namespace } from './lab.ts';

/** The router's own MAC address on the LAN. */
export const ROUTER_MAC = '02:00:00:00:00:01';
/** The router's own address on the LAN. */
export const ROUTER = '192.0.2.10';
/** The client's address. */
export const CLIENT = '192.0.2.100';
/** A host behind the router. */
export const UPLINK = '198.51.100.2';

/** client -- bridge -- eth0 router eth1 -- uplink, each in a namespace of its own. */
export class GatewayLab {
  readonly router = new Namespace();
  readonly client = new Namespace();
  private readonly bridge = new Namespace();
  private readonly uplink = new Namespace();

  /** @param settings of the router, as for sysctl(8), set before its interfaces are made */
  constructor(settings: readonly string[] = []) {
    this.router.run(
      ['sysctl -qw net.ipv4.ip_forward=1', ...settings.map((s) => `sysctl -qw ${s}`)].join('\n'),
    );
    this.bridge.run('ip link add br0 type bridge; ip link set br0 up');
    for (const [port, { name }] of [this.router, this.client].entries()) {
      this.bridge.run(
        `ip link add p${port} type veth peer name eth0 netns ${name}; ip link set p${port} master br0 up`,
      );
    }
    this.router.run(`ip link set eth0 address ${ROUTER_MAC} up; ip addr add ${ROUTER}/24 dev eth0
      ip link add eth1 type veth peer name eth0 netns ${this.uplink.name}
      ip link set eth1 up; ip addr add 198.51.100.1/24 dev eth1`);
    this.uplink.run(
      `ip link set eth0 up; ip addr add ${UPLINK}/24 dev eth0; ip route add default via 198.51.100.1`,
    );
    this.client.run(`ip link set eth0 up; ip addr add ${CLIENT}/24 dev eth0`);
  }

  /** Who answers when the client asks for an address: MAC addresses, sorted, each once. */
  async whoHas(address: string): Promise<string[]> {
    this.client.run('ip neigh flush dev eth0');
    const heard = await this.capture(`arp[6:2] == 2 and arp src host ${address}`, () => {
      this.client.run(`ping -c 3 -i 0.2 -W 1 ${address}`);
    });
    return [...new Set(heard.map((line) => /is-at ([0-9a-f:]+)/.exec(line)?.[1] ?? line))].sort();
  }

  /** The ARP requests that the client hears from the router while the router pings it from an address. */
  async requestsFrom(address: string): Promise<string[]> {
    this.router.run('ip neigh flush dev eth0');
    return this.capture(`arp[6:2] == 1 and arp dst host ${CLIENT}`, () => {
      this.router.run(`ping -c 1 -W 1 -I ${address} ${CLIENT}`);
    });
  }

  /** What the client sees of a filter (tcpdump) while something happens. */
  async capture(filter: string, during: () => void): Promise<string[]> {
    const tcpdump = spawn('ip', [
      ...[
        'netns',
        'exec',
        this.client.name,
        'tcpdump',
        '-i',
        'eth0',
        '-n',
        '-e',
        '-l',
        '--immediate-mode',
        filter,
      ],
    ]);
    let lines = '';
    tcpdump.stdout.on('data', (data) => {
      lines += data;
    });
    await new Promise<void>((resolve, reject) => {
      tcpdump.once('exit', () => reject(new Error('tcpdump did not start')));
      tcpdump.stderr.on('data', (text) => String(text).includes('listening on') && resolve());
    });
    during();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const gone = new Promise((resolve) => tcpdump.once('close', resolve));
    tcpdump.kill('SIGINT');
    await gone;
    return lines.split('\n').filter((line) => line !== '');
  }

  takeDown(): void {
    for (const namespace of [this.router, this.client, this.bridge, this.uplink]) {
      try {
        namespace.takeDown();
      } catch {
        // The others still have to go.
      }
    }
  }
}
