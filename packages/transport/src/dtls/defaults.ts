/** IPv6's smallest MTU is 1280 bytes, 48 of them are headers (RFC 8200 §5). */
export const defaultMtu = 1232;

/** RFC 6347 §4.2.4.1 begins with one second, which is less than a small device needs for its arithmetic (RFC 7925 §11). */
export const defaultRetransmission = 2000;

/** What the kernel keeps while the process is busy: some thousand devices that come at once. */
export const receiveBuffer = 4 << 20;
