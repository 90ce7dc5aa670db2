/**
 * A client that asks many addresses every millisecond or so, at a priority that spinning processes do not disturb: it is the
 * measure. `ping -i 0.001` spins while it waits, and a few of them at that priority leave nothing of the processors to
 * those who are measured.
 */
import type { Host } from '../test/lab/host.ts';
import type { Running } from '../test/lab/running.ts';

/** Echo requests (RFC 792) to all addresses, from a raw socket that takes in no replies: a capture sees them. */
const PROGRAM = `
use Socket;
my ($pause, @addresses) = @ARGV;
socket(my $socket, PF_INET, SOCK_RAW, 1) or die "socket: $!";
setsockopt($socket, 255, 1, pack('L', 0xffffffff)) or die "ICMP_FILTER: $!";
my @to = map { pack_sockaddr_in(0, inet_aton($_)) } @addresses;
for (my $sequence = 0; ; $sequence = ($sequence + 1) & 0xffff) {
  my @words = (0x0800, 0, $$ & 0xffff, $sequence);
  my $sum = 0;
  $sum += $_ for @words;
  $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
  $words[1] = ~$sum & 0xffff;
  my $request = pack('n4', @words);
  send($socket, $request, 0, $_) for @to;
  select(undef, undef, undef, $pause);
}
`;

/** Asks IPv4 addresses until it is stopped. @param everyMs ms between two requests to each, at the least */
export function ask(client: Host, addresses: readonly string[], everyMs: number): Running {
  const perl = ['perl', '-e', PROGRAM, String(everyMs / 1000), ...addresses];
  return client.start('chrt', ['--fifo', '90', ...perl], { output: 'discard' });
}
