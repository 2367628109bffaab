import { dtlsMissing, serverTime } from '@mooring/transport';

/** Something that this machine does not give. The service does without, and says what devices lose by it. */
export interface Lack {
  /** Also the event in the log. */
  readonly code: 'transport.time' | 'transport.dtls';
  readonly message: string;
}

/** @param dtls whether it is wanted */
export function lacking(dtls: boolean): readonly Lack[] {
  const time = serverTime();
  const lacks: Lack[] = [];
  if (time.carries !== 'time') {
    lacks.push({ code: 'transport.time', message: `Devices get no time from this service: ${time.why}` });
  }
  if (dtls && dtlsMissing !== undefined) {
    lacks.push({ code: 'transport.dtls', message: `No device can come over UDP: DTLS is not there. ${dtlsMissing}` });
  }
  return lacks;
}
