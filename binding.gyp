{
  # One target for each native part; scripts/build-native.mjs builds them one at a time (variable `part`),
  # because prebuildify and node-gyp-build take one addon per folder.
  'variables': { 'part%': 'core' },
  'target_defaults': {
    'include_dirs': ["<!(node -p \"require('node-addon-api').include_dir\")"],
    'dependencies': ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except"],
    'cflags_cc': ['-std=c++17', '-O2', '-Wall', '-Wextra', '-Wno-unused-parameter', '-Wno-cast-function-type'],
    # A call from a worker that is being terminated can neither succeed nor throw: it must not abort the process.
    'defines': ['NAPI_VERSION=8', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS']
  },
  'conditions': [
    ['part=="core"', {
      'targets': [{
        'target_name': 'core',
        'sources': ['core/native/addon.cc', 'core/native/claims.cc', 'core/native/hardware.cc', 'core/native/ip_packets.cc', 'core/native/ip_socket.cc', 'core/native/packet_loop.cc', 'core/native/passing.cc', 'core/native/process.cc', 'core/native/signals.cc', 'core/native/syscalls.cc', 'core/native/tap.cc']
      }]
    }],
    ['part=="ioctl"', {
      'targets': [{
        'target_name': 'ioctl',
        'sources': ["<!@(node -p \"require('fs').readdirSync('plugins/netdrv-ioctl/native').filter(f=>f.endsWith('.cc')).map(f=>'plugins/netdrv-ioctl/native/'+f).join(' ')\")"]
      }]
    }],
    ['part=="libnl"', {
      'targets': [{
        'target_name': 'libnl',
        'sources': ["<!@(node -p \"require('fs').readdirSync('plugins/netdrv-libnl/native').filter(f=>f.endsWith('.cc')).map(f=>'plugins/netdrv-libnl/native/'+f).join(' ')\")"],
        'cflags_cc': ['<!@(pkg-config --cflags libnl-3.0 libnl-route-3.0)'],
        'libraries': ['<!@(pkg-config --libs libnl-3.0 libnl-route-3.0)']
      }]
    }],
    ['part=="hmac"', {
      'targets': [{
        'target_name': 'hmac',
        'sources': ['plugins/auth-hmac/native/hmac.cc']
      }]
    }],
    ['part=="track"', {
      'targets': [{
        'target_name': 'track',
        'sources': ["<!@(node -p \"require('fs').readdirSync('plugins/track-system/native').filter(f=>f.endsWith('.cc')).map(f=>'plugins/track-system/native/'+f).join(' ')\")"]
      }]
    }]
  ]
}
