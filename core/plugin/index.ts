/**
 * The public entry point of the package for plugin authors: `import … from 'rvrrpd/plugin'`. The contracts are
 * types alone: a plugin that imports only those has no dependency at run time.
 */
export type { ApiComplianceOptions } from './compliance/api.ts';
export { apiCompliance } from './compliance/api.ts';
export type { AuthComplianceOptions, TestRegistrar } from './compliance/auth.ts';
export { authCompliance } from './compliance/auth.ts';
export type { AuthTrailerComplianceOptions, TrailerVector } from './compliance/auth-trailer.ts';
export { authTrailerCompliance } from './compliance/auth-trailer.ts';
export type { FrameFacts } from './compliance/classic-bpf.ts';
export { checkProgram, runProgram } from './compliance/classic-bpf.ts';
export type { FilterComplianceOptions } from './compliance/filter.ts';
export { filterCompliance } from './compliance/filter.ts';
export type { IftypeComplianceOptions } from './compliance/iftype.ts';
export { iftypeCompliance } from './compliance/iftype.ts';
export type { FromManifest } from './compliance/manifest.ts';
export type { NetdrvComplianceOptions } from './compliance/netdrv.ts';
export { netdrvCompliance } from './compliance/netdrv.ts';
export type { NotifyComplianceOptions, NotifySettings } from './compliance/notify.ts';
export { notifyCompliance, notifyEvent } from './compliance/notify.ts';
export type { ProtocolComplianceOptions } from './compliance/protocol.ts';
export { protocolCompliance } from './compliance/protocol.ts';
export type { AsyncTestRegistrar } from './compliance/test-registrar.ts';
export type { TrackComplianceOptions, TrackSettings } from './compliance/track.ts';
export { trackCompliance } from './compliance/track.ts';
export type { FrameFields } from './compliance/vrrp-frame.ts';
export { vrrpFrame } from './compliance/vrrp-frame.ts';
export type * from './contracts/index.ts';
