export { ByteBudget } from './connection/byte-budget.ts';
export { CoapConnection, type CoapOptions } from './connection/connection.ts';
export type { Download, DownloadOptions } from './connection/download.ts';
export type { Answer, Body, IncomingRequest, Request, Response } from './connection/exchanged.ts';
export { defaultLimits, type Framing, type Limits } from './connection/limits.ts';
export type { Observation, ObservationListener } from './connection/observation.ts';
export type { RequestContext } from './connection/request-context.ts';
export type { RequestOptions } from './connection/requests.ts';
export type { ConnectionOptions } from './connection/settings.ts';
export type { Notification, NotificationFate, Subscription, SubscriptionListener } from './connection/subscriptions.ts';
export { coapErrors } from './errors.ts';
export { type Block, blockOption, findBlock } from './message/block.ts';
export {
  type Code,
  codeClass,
  codeOf,
  codes,
  codeText,
  isRequest,
  isResponse,
  isSuccess,
  type Method,
  methodOf,
  methods,
  signals,
} from './message/codes.ts';
export { contentFormats, mediaType } from './message/content-formats.ts';
export { type DecodeOptions, decodeMessage, encodeMessage } from './message/datagram.ts';
export { type DatagramMessage, type Message, type MessageType, noBytes, type Option } from './message/message.ts';
export {
  isCritical,
  isNoCacheKey,
  isUnsafe,
  type OptionKind,
  optionKinds,
  optionName,
  optionNumbers,
} from './message/option-registry.ts';
export {
  findOption,
  findUint,
  opaqueOption,
  textOption,
  textValue,
  uintBytes,
  uintOption,
  uintValue,
} from './message/option-values.ts';
export { encodeFrame, FrameReader } from './message/stream.ts';
