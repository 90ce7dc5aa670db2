/** Certificates for tests, made with openssl(1). */
import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** Paths of a private key and its certificate, PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/**
 * Makes a self-signed certificate that holds for a month.
 * @param name its subject's common name, and of its files
 * @param expired it has expired yesterday instead
 */
export function makeCertificate(folder: string, name: string, expired = false): Certificate {
  const [key, cert] = [path.join(folder, `${name}-key.pem`), path.join(folder, `${name}-cert.pem`)];
  const csr = path.join(folder, `${name}.csr`);
  const openssl = (...args: readonly string[]): void =>
    void execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  openssl('req', ...curve, '-nodes', '-keyout', key, '-subj', `/CN=${name}`, '-out', csr);
  openssl('x509', '-req', '-in', csr, '-signkey', key, '-days', expired ? '-1' : '30', '-out', cert);
  return { key, cert };
}
