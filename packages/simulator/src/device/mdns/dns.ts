import type { QueryOutgoingPacket, ResponsePacket } from 'multicast-dns';

/** DNS messages as the mDNS library reads and writes them; sections may be missing. */
export type Packet = Partial<Omit<ResponsePacket, 'type'>>;
export type Answer = NonNullable<ResponsePacket['answers']>[number];
export type Question = NonNullable<ResponsePacket['questions']>[number];
export type Query = QueryOutgoingPacket;
