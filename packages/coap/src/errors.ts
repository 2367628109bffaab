import { errorFamily } from '@mooring/platform';

export const coapErrors = errorFamily({
  'coap.message.malformed': 'Bytes that have to be a CoAP message are not one; the byte offset is given.',
  'coap.message.too.large': 'A CoAP message would be larger than the other end takes.',
  'coap.option.invalid': 'A CoAP option cannot carry the value it was given.',
  'coap.response.invalid': 'The other end answered a CoAP request in a way that makes no sense.',
  'coap.refused': 'The other end answered a CoAP download with an error code, which is given.',
  'coap.body.too.large': 'A CoAP body that comes in blocks is larger than is accepted here.',
  'coap.body.changed': 'What is read in blocks over CoAP changed again and again while it was read.',
  'coap.timeout': 'The other end of a CoAP connection did not answer in time.',
  'coap.reset': 'The other end rejected a CoAP message (RST).',
  'coap.closed': 'A CoAP connection ended before the answer came.',
  'coap.cancelled': 'A CoAP request was given up by who asked for it.',
  'coap.busy': 'More CoAP requests wait for one connection than it may queue.',
  'coap.peer.stalled': 'The other end of a CoAP connection takes nothing more.',
  'coap.peer.violation': 'The other end of a CoAP connection does not keep to the protocol.',
});
