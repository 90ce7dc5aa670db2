/** Private key and certificate chain of HTTPS: read, and looked at closely, before anything depends on them. */
import { constants, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import path from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { readPlainFile } from './plain-file.ts';
import { reasonOf } from './reasons.ts';

/** Where they are: `[api]` `tls_key` and `tls_cert`. Relative paths start at the working directory. */
export interface TlsPaths {
  readonly tlsKey: string;
  readonly tlsCert: string;
}

/** Key and certificate that fit together. */
export interface TlsMaterial {
  /** What a server needs. */
  readonly options: SecureContextOptions;
  /**
   * Why clients will not trust the certificate: it has expired, or is not valid yet. Absent: it is valid. It can
   * be used all the same: a router whose clock is wrong at its boot has to come up.
   */
  readonly untimely?: string;
}

/**
 * TLS 1.2 with forward secrecy and authenticated encryption, as Mozilla's "intermediate" has it; TLS 1.3 has no
 * other suites.
 */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Octets of a PEM file. */
const LARGEST = 1 << 20;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs;

/**
 * Reads both files.
 * @throws Error that says which file is wrong, how, and what to do
 */
export function readTlsMaterial({ tlsKey, tlsCert }: TlsPaths): TlsMaterial {
  const keyPem = readPem('tls_key', tlsKey);
  const certPem = readPem('tls_cert', tlsCert);
  const key = keyOf(keyPem, path.resolve(tlsKey));
  const certificate = certificateOf(certPem, path.resolve(tlsCert));
  if (!certificate.checkPrivateKey(key)) {
    throw new Error(
      `api.tls_key ${path.resolve(tlsKey)} does not belong to the certificate in ${path.resolve(tlsCert)}: use ` +
        'the key that it was made for. The server’s own certificate comes first in the file',
    );
  }
  const options: SecureContextOptions = {
    key: keyPem,
    cert: certPem,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new Error(
      `api.tls_cert ${path.resolve(tlsCert)} cannot be used: OpenSSL says "${reasonOf(error)}"`,
    );
  }
  const untimely = untimelinessOf(certificate, path.resolve(tlsCert));
  return { options, ...(untimely !== undefined && { untimely }) };
}

function readPem(directive: string, file: string): string {
  let text: string;
  try {
    text = readPlainFile(file, LARGEST);
  } catch (error) {
    throw new Error(
      `api.${directive} ${path.resolve(file)} cannot be read (${reasonOf(error)}): name a PEM file there, or set ` +
        'api.tls to false',
    );
  }
  if (text.includes('-----BEGIN ')) return text;
  throw new Error(
    `api.${directive} ${path.resolve(file)} is not PEM: it must have a line such as -----BEGIN ` +
      `${directive === 'tls_key' ? 'PRIVATE KEY' : 'CERTIFICATE'}-----`,
  );
}

function keyOf(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    if (/-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(pem)) {
      throw new Error(
        `api.tls_key ${file} is encrypted: decrypt it with "openssl pkey", nobody can be asked`,
      );
    }
    // OpenSSL's words name no part of the key.
    throw new Error(`api.tls_key ${file} does not hold a private key in PEM: ${reasonOf(error)}`);
  }
}

/** The first certificate of a chain, all of which can be read. */
function certificateOf(pem: string, file: string): X509Certificate {
  const chain = (pem.match(CERTIFICATE) ?? []).map((each, i) => {
    try {
      return new X509Certificate(each);
    } catch (error) {
      throw new Error(`api.tls_cert ${file}: certificate ${i + 1} is damaged: ${reasonOf(error)}`);
    }
  });
  if (chain[0] === undefined) throw new Error(`api.tls_cert ${file} does not hold a certificate in PEM`);
  return chain[0];
}

function untimelinessOf(certificate: X509Certificate, file: string): string | undefined {
  const from = new Date(certificate.validFrom);
  const to = new Date(certificate.validTo);
  const now = Date.now();
  if (now > to.getTime()) {
    return `api.tls_cert ${file} has expired on ${to.toISOString()}: replace it, and reload rvrrpd`;
  }
  if (now < from.getTime()) {
    return `api.tls_cert ${file} is not valid before ${from.toISOString()}: see that the clock is right`;
  }
  return undefined;
}
