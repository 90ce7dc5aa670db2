/** IP version of a virtual router's addresses. */
export type AddressFamily = 4 | 6;
