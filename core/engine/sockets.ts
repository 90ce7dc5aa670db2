/** Which sockets the packet loop of an engine listens to, and whose each is: a tag tells, which packets come with. */
import type { PacketLoop } from '../native/packet-loop.ts';
import type { Attachment } from './attachment.ts';

/** Lowest bit of a tag: the packet is of a socket that watches over our addresses, not of one for advertisements. */
const WATCH = 1;

/** The tag of what an attachment's socket for advertisements receives. @param place of the attachment */
export function tagOf(place: number): number {
  return place * 2;
}

/** Whether what came with this tag is of a socket that watches over our addresses. */
export function isWatch(tag: number): boolean {
  return (tag & 1) === WATCH;
}

/** The attachments of one engine. */
export class Sockets {
  /** By half of the tag. */
  private readonly attachments: (Attachment | undefined)[] = [];
  /** How many of them are for peers. */
  private unicast = 0;

  constructor(private readonly loop: PacketLoop) {}

  /** Receives from it. */
  attach(attachment: Attachment): void {
    const free = this.attachments.indexOf(undefined);
    const place = free < 0 ? this.attachments.length : free;
    this.attachments[place] = attachment;
    this.listen(attachment, place);
    if (attachment.use.kind === 'peers') this.unicast++;
  }

  /** Receives from it no longer; it can be closed. */
  detach(attachment: Attachment): void {
    this.unlisten(attachment);
    this.attachments[this.attachments.indexOf(attachment)] = undefined;
    if (attachment.use.kind === 'peers') this.unicast--;
  }

  /** Receives from none, until {@link resume}. */
  suspend(): void {
    for (const attachment of this.attachments) if (attachment) this.unlisten(attachment);
  }

  /** After {@link suspend}: receives again. */
  resume(): void {
    for (const [place, attachment] of this.attachments.entries())
      if (attachment) this.listen(attachment, place);
  }

  /** Where a packet with this tag has come from; undefined: from one that is detached by now. */
  attachmentOf(tag: number): Attachment | undefined {
    return this.attachments[tag >> 1];
  }

  /** Whether any of them is for peers. */
  get haveUnicast(): boolean {
    return this.unicast > 0;
  }

  /** How many there are, those that are free again too. */
  get places(): number {
    return this.attachments.length;
  }

  /**
   * Fills the receive buffer with what strangers have sent to the peers of one, which wakes nobody.
   * @returns how many packets
   */
  collect(place: number): number {
    const attachment = this.attachments[place];
    if (attachment?.use.kind !== 'peers' || attachment.watch === undefined) return 0;
    return this.loop.collect(attachment.watch, tagOf(place), attachment.family);
  }

  private listen({ descriptor, family, use, watch }: Attachment, place: number): void {
    const tag = tagOf(place);
    if (use.kind === 'peers') {
      this.loop.add(descriptor, tag, family, use.scope);
      return;
    }
    if (descriptor >= 0) this.loop.add(descriptor, tag);
    if (watch !== undefined) this.loop.add(watch, tag + WATCH);
  }

  private unlisten({ descriptor, watch }: Attachment): void {
    this.loop.remove(descriptor);
    if (watch !== undefined) this.loop.remove(watch);
  }
}
