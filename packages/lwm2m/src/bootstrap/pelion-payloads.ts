import { encodeTlv, type Tlv } from '../formats/tlv.ts';
import { utf8Bytes } from '../formats/utf8.ts';

/** Credentials with which a Pelion client goes on to the LwM2M server. */
export interface PelionAccount {
  /** `coaps://host:port?aid=ACCOUNT`; the query comes back with every registration. */
  readonly serverUri: string;
  /** DER. */
  readonly serverAuthority: Uint8Array;
  /** The device's certificate and SEC1 or PKCS#8 key, both DER; undefined where the device makes its key itself (EST). */
  readonly credentials?: { readonly certificate: Uint8Array; readonly privateKey: Uint8Array };
  /** 1 where nothing else is said. */
  readonly shortServerId?: number;
}

/** Values of resource 2 of object 0 (OMA LwM2M 1.1 Appendix E.1); 4 means EST here, as Pelion's clients have it. */
const securityMode = { certificate: 2, est: 4 } as const;

const resource = (id: number, ...bytes: number[]): Tlv => ({ kind: 'resource', id, value: Uint8Array.from(bytes) });
const octets = (id: number, value: Uint8Array): Tlv => ({ kind: 'resource', id, value });

/**
 * What is PUT to `/0` of a Pelion client: the LwM2M server's account as instance 0, wrapped (instance 1 is the bootstrap
 * server's own; writing the bare resources to `/0/0` is answered with success and then does not work).
 */
export function pelionSecurityObject({
  serverUri,
  serverAuthority,
  credentials,
  shortServerId,
}: PelionAccount): Uint8Array {
  const nothing = new Uint8Array();
  return encodeTlv([
    {
      kind: 'instance',
      id: 0,
      value: [
        octets(0, utf8Bytes(serverUri)),
        resource(1, 0),
        resource(2, credentials ? securityMode.certificate : securityMode.est),
        octets(3, credentials?.certificate ?? nothing),
        octets(4, serverAuthority),
        octets(5, credentials?.privateKey ?? nothing),
        resource(10, shortServerId ?? 1),
      ],
    },
  ]);
}

/**
 * What is PUT to `/1` of a Pelion client. The binding (resource 7) is not in it: clients up to 4.1, Mbed Linux OS's among
 * them, refuse the whole object for it.
 *
 * @param lifetime seconds, written in four bytes
 */
export function pelionServerObject(lifetime: number, shortServerId = 1): Uint8Array {
  return encodeTlv([
    {
      kind: 'instance',
      id: 0,
      value: [
        resource(0, shortServerId),
        resource(1, lifetime >>> 24, (lifetime >> 16) & 0xff, (lifetime >> 8) & 0xff, lifetime & 0xff),
        resource(6, 0),
      ],
    },
  ]);
}
