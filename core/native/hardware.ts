/** The part of the addon about network hardware: `hardware.cc`. */

/** Every call throws an Error whose `code` is the errno name. */
export interface HardwareCalls {
  /** ETHTOOL_GPERMADDR: the address that an interface was made with; zeros or empty if it has none. */
  permanentAddress(name: string): Uint8Array;
}
