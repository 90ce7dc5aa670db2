/** Where something stands in keepalived's configuration, and what is wrong there. */

/** A line of a file. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** Something that cannot be imported as it is written. */
export interface ImportFault {
  readonly place: Place;
  /** The value and what would be right: `priority = abc: must be 1 to 255`. */
  readonly message: string;
}

/** Ends the reading of a configuration whose structure cannot be understood. */
export class ImportError extends Error {
  override readonly name = 'ImportError';

  constructor(readonly fault: ImportFault) {
    super(formatFault(fault));
  }
}

/** `FILE:LINE: …`, as all complaints about configurations. */
export function formatFault({ place, message }: ImportFault): string {
  return `${place.file}:${place.line}: ${message}`;
}
