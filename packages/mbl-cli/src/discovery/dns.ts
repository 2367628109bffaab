import type { ResponsePacket } from 'multicast-dns';

/** A DNS message as the mDNS library decodes it; its sections may be missing. */
export type Packet = Partial<ResponsePacket>;
export type Answer = NonNullable<ResponsePacket['answers']>[number];
export type Question = NonNullable<ResponsePacket['questions']>[number];
