/** Directives of keepalived.conf(5) that have no counterpart, and why. */

const IPVS =
  'load balancing (IPVS) is not what rvrrpd does: leave it to keepalived without VRRP (-C), or to another program';
const MAIL = 'rvrrpd sends no mails: events are in the log, and in the client API';
const SNMP = 'rvrrpd has no SNMP: metrics are in the client API';
const CHECKERS = 'is about health checkers, which rvrrpd has not';
const NAMES = 'is about keepalived’s own processes and files';
const SCHEDULING = 'rvrrpd’s engine runs at real-time priority by itself';
const FIREWALL = 'what guards addresses against use is in tables of nftables of its own';
const BUFFERS = 'buffers are chosen by rvrrpd';
const STATICS =
  'rvrrpd installs nothing that is there whether it is Master or not: leave it to the network’s configuration';
const READER =
  'nothing is started that reads the pipe: it needs a service of its own, with the path behind its arguments';
const PRIORITIES = 'is no transition: priorities are in the log, and in the client API';
const HEARD = 'advertisements of another VRID are counted, not logged';

/** Blocks at the top. */
export const TOP_NOTES: Readonly<Record<string, string>> = {
  virtual_server: IPVS,
  virtual_server_group: IPVS,
  SSL: IPVS,
  static_ipaddress: STATICS,
  static_routes: STATICS,
  static_rules: STATICS,
  track_group: 'is for static addresses, routes and rules',
  linkbeat_interfaces: 'the kernel tells of every carrier: nothing is polled',
  linkbeat_use_polling: 'the kernel tells of every carrier: nothing is polled',
  bfd_instance: 'there is no BFD: a tracker that pings or looks at a route is the nearest',
  net_namespace:
    'rvrrpd runs in the network namespace that it is started in (ip netns exec, NetworkNamespacePath= of systemd)',
  net_namespace_ipvs: IPVS,
  namespace_with_ipsets: FIREWALL,
  instance: 'several daemons on a host have a configuration file each, and a pid file each',
  use_pid_dir: NAMES,
  child_wait_time: NAMES,
};

/** Directives of `global_defs`, and of the top: keepalived takes some in both places. */
export const GLOBAL_NOTES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['notification_email', 'notification_email_from', 'smtp_server', 'smtp_helo_name', 'smtp_connect_timeout']
      .concat(['smtp_alert', 'smtp_alert_vrrp', 'smtp_alert_checker', 'no_email_faults', 'no_checker_emails'])
      .map((name) => [name, MAIL]),
  ),
  ...Object.fromEntries(
    ['snmp_socket', 'enable_snmp_vrrp', 'enable_snmp_checker', 'enable_snmp_rfc', 'enable_snmp_rfcv2']
      .concat(['enable_snmp_rfcv3', 'enable_traps', 'enable_snmp_keepalived'])
      .map((name) => [name, SNMP]),
  ),
  ...Object.fromEntries(
    ['lvs_sync_daemon', 'lvs_timeouts', 'lvs_flush', 'lvs_flush_on_stop', 'lvs_flush_onstop', 'nftables_ipvs']
      .concat(['nftables_ipvs_priority', 'nftables_ipvs_start_fwmark', 'lvs_netlink_cmd_rcv_bufs'])
      .concat([
        'lvs_netlink_cmd_rcv_bufs_force',
        'lvs_netlink_monitor_rcv_bufs',
        'lvs_netlink_monitor_rcv_bufs_force',
      ])
      .concat(['lvs_notify_fifo', 'lvs_notify_fifo_script'])
      .map((name) => [name, IPVS]),
  ),
  ...Object.fromEntries(
    [
      'checker_log_all_failures',
      'checker_priority',
      'checker_no_swap',
      'checker_cpu_affinity',
      'checker_rt_priority',
    ]
      .concat([
        'checker_rlimit_rttime',
        'rs_init_notifies',
        'bfd_priority',
        'bfd_no_swap',
        'bfd_cpu_affinity',
      ])
      .concat(['bfd_rt_priority', 'bfd_rlimit_rttime'])
      .map((name) => [name, CHECKERS]),
  ),
  ...Object.fromEntries(
    ['tmp_config_directory', 'config_save_dir', 'process_names', 'process_name', 'vrrp_process_name']
      .concat(['checker_process_name', 'bfd_process_name', 'random_seed', 'umask', 'data_use_instance'])
      .map((name) => [name, NAMES]),
  ),
  ...Object.fromEntries(
    ['max_auto_priority', 'min_auto_priority_delay', 'vrrp_priority', 'vrrp_no_swap', 'vrrp_cpu_affinity']
      .concat(['vrrp_rt_priority', 'vrrp_rlimit_rttime'])
      .map((name) => [name, SCHEDULING]),
  ),
  ...Object.fromEntries(
    ['nftables', 'nftables_priority', 'nftables_counters', 'nftables_ifindex', 'vrrp_iptables', 'vrrp_ipsets']
      .concat(['disable_local_igmp'])
      .map((name) => [name, FIREWALL]),
  ),
  ...Object.fromEntries(
    ['vrrp_netlink_cmd_rcv_bufs', 'vrrp_netlink_cmd_rcv_bufs_force', 'vrrp_netlink_monitor_rcv_bufs']
      .concat([
        'vrrp_netlink_monitor_rcv_bufs_force',
        'process_monitor_rcv_bufs',
        'process_monitor_rcv_bufs_force',
      ])
      .concat(['vrrp_rx_bufs_policy', 'vrrp_rx_bufs_multiplier'])
      .map((name) => [name, BUFFERS]),
  ),
  notify_fifo_script: READER,
  vrrp_notify_fifo_script: READER,
  fifo_write_vrrp_states_on_reload: 'a reload that moves nobody tells nothing',
  vrrp_notify_priority_changes: PRIORITIES,
  router_id: 'is the host’s name in keepalived’s mails and SNMP, which rvrrpd has not',
  startup_script: 'nothing is run at the start: ExecStartPre= of systemd does it',
  startup_script_timeout: 'nothing is run at the start: ExecStartPre= of systemd does it',
  shutdown_script: 'nothing is run at the end: ExecStopPost= of systemd does it',
  shutdown_script_timeout: 'nothing is run at the end: ExecStopPost= of systemd does it',
  enable_script_security: 'is not checked: see to it that only root can write what trackers run',
  script_security: 'is not checked: see to it that only root can write what trackers run',
  vrrp_check_unicast_src: 'it is always so: whoever is none of the peers is not heard',
  vrrp_skip_check_adv_addr: 'an advertisement that repeats the one before is not looked at twice anyway',
  vrrp_lower_prio_no_advert: 'a Master answers one of lower priority as the RFC of its version says',
  vrrp_higher_prio_send_advert: 'a Master that yields sends nothing more, as the RFCs say',
  vrrp_garp_lower_prio_delay: 'a Master that has met another one announces as after it became Master',
  vrrp_garp_lower_prio_repeat: 'a Master that has met another one announces as after it became Master',
  vrrp_garp_master_refresh_repeat: 'one announcement each time',
  vrrp_garp_extra_if: 'each address is announced on its own interface: announce.refresh repeats it',
  dynamic_interfaces: 'it is always so: interfaces may come and go',
  enable_dbus: 'there is no D-Bus: the client API is over HTTP',
  dbus_service_name: 'there is no D-Bus: the client API is over HTTP',
  vmac_addr_prefix: 'every virtual router has a virtual interface of its own, where it has one',
  log_unknown_vrids: HEARD,
  reload_check_config: 'it is always so: a reload that is wrong changes nothing',
  include_check: 'is about how keepalived reads its files',
  reload_time_file: 'a reload is SIGHUP or rvrrpd reload: at or a timer of systemd can do it',
  reload_repeat: 'a reload is SIGHUP or rvrrpd reload: at or a timer of systemd can do it',
  reload_file: 'rvrrpd reads its file at once: replace it by renaming',
};

/** Directives of `vrrp_instance`. */
export const INSTANCE_NOTES: Readonly<Record<string, string>> = {
  notify_deleted: 'a virtual router that has gone from the configuration has stopped',
  notify_master_rx_lower_pri: 'is no transition: two Masters are told in the log',
  notify_priority_changes: PRIORITIES,
  smtp_alert: MAIL,
  track_bfd: 'there is no BFD: a tracker that pings or looks at a route is the nearest',
  vrf: 'a virtual router is on an interface, which may be in a VRF',
  use_vmac_addr: 'addresses on another interface have the MAC address of that one',
  vmac_xmit_base: 'rvrrpd sends from the interface itself, whatever its iftype',
  use_ipvlan: 'there is no iftype for ipvlan: the addresses are on the interface itself',
  native_ipv6: 'the addresses tell',
  mcast_src_ip: 'advertisements come from the primary address of the interface',
  mcast_dst_ip: 'advertisements go to the group of the RFCs, and others are not heard',
  track_src_ip: 'it is always so: a source that the host has not keeps the virtual router Down',
  check_unicast_src: 'it is always so: whoever is none of the peers is not heard',
  unicast_fault_no_peer: 'there is no virtual router with peers but without one',
  unicast_ttl: 'packets to peers have the TTL 255: give them min_ttl where routers are between',
  old_unicast_checksum: 'checksum = "auto" reads both sorts, and sends what the others do',
  garp_lower_prio_delay: 'a Master that has met another one announces as after it became Master',
  garp_lower_prio_repeat: 'a Master that has met another one announces as after it became Master',
  garp_master_refresh_repeat: 'one announcement each time',
  garp_extra_if: 'each address is announced on its own interface: announce.refresh repeats it',
  lower_prio_no_advert: 'a Master answers one of lower priority as the RFC of its version says',
  higher_prio_send_advert: 'a Master that yields sends nothing more, as the RFCs say',
  promote_secondaries: 'addresses are put back if the kernel takes them away with another one',
  skip_check_adv_addr: 'an advertisement that repeats the one before is not looked at twice anyway',
  debug: 'how much is logged is for the whole daemon: debug = 0 to 5',
  kernel_rx_buf_size: BUFFERS,
  linkbeat_use_polling: 'the kernel tells of every carrier: nothing is polled',
  lvs_sync_daemon_interface: IPVS,
};

/** Directives of `vrrp_sync_group`. */
export const GROUP_NOTES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(INSTANCE_NOTES).filter(([name]) => /^(notify|smtp_alert|track_bfd)/.test(name)),
  ),
  global_tracking: 'what one of the group tracks concerns all of it anyway',
};

/** What is in no list: also misspelled ones. */
export const UNKNOWN = 'is no directive of keepalived.conf(5) here, and keepalived ignores it too';
