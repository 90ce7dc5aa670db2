# A container image of rvrrpd, from the npm packages of this checkout (`make pack`):
#
#   make pack && docker build -t rvrrpd .
#   docker run --network host --cap-drop ALL --cap-add NET_ADMIN --cap-add NET_RAW -v /etc/rvrrpd:/etc/rvrrpd rvrrpd
#
# NET_ADMIN: addresses, links and settings of the network. NET_RAW: packets. SYS_NICE may be added, so that a Master gets
# its processor time on a busy host. It is the host's network that is looked after: --network host, or a network
# namespace that the container shares with what it is a router for. See docs/installing.md.
FROM node:22-bookworm-slim

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libnl-3-200 libnl-route-3-200 \
    && rm -rf /var/lib/apt/lists/*

COPY out/packages /tmp/packages
RUN npm install --global --no-audit --no-fund /tmp/packages/*.tgz \
    && npm cache clean --force \
    && rm -rf /tmp/packages /root/.npm \
    && mkdir -p /etc/rvrrpd

VOLUME /etc/rvrrpd
# An orderly end hands over to a Backup at once.
STOPSIGNAL SIGTERM
ENTRYPOINT ["rvrrpd"]
CMD ["-m1", "-c", "/etc/rvrrpd/rvrrpd.conf"]
