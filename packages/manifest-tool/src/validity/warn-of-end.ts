import type { Certificate } from '@mooring/pki';
import type { Output } from '@mooring/terminal';
import { daysText, remainingOf, type Urgency, utc } from './remaining.ts';

const successor = '`manifest-tool cert renew` makes its successor';

/** What a command says about the end of a certificate, undefined while that is more than a year away. */
export function endOf(
  certificate: Pick<Certificate, 'notAfter'>,
  file: string,
  now: Date,
): { urgency: Exclude<Urgency, 'none'>; text: string } | undefined {
  const { days, urgency } = remainingOf(certificate, now);
  const end = utc(certificate.notAfter);
  switch (urgency) {
    case 'none':
      return undefined;
    case 'notice':
      return {
        urgency,
        text: `The certificate in ${file} is valid until ${end}, for ${daysText(days)} more; ${successor}.`,
      };
    case 'warning':
      return {
        urgency,
        text: `The certificate in ${file} ends on ${end}, in ${daysText(days)}. ${successor}, which devices have to be given before that.`,
      };
    case 'urgent':
      return {
        urgency,
        text: `The certificate in ${file} ENDS IN ${daysText(days).toUpperCase()}, on ${end}. An update that gives devices another one has to be signed before that; ${successor}.`,
      };
    case 'expired':
      return {
        urgency,
        text: `The certificate in ${file} expired on ${end}; updates signed for it may be refused. ${successor}.`,
      };
  }
}

/** The parts of both generations' logs that this needs. */
export interface EndLog {
  info(message: string): void;
  warning(message: string): void;
  critical(message: string): void;
}

/**
 * Speaks of the end of a certificate from a year before it on, louder the nearer it is. It never fails a command: which
 * fielded devices look at dates is not known.
 */
export function warnOfEnd(certificate: Pick<Certificate, 'notAfter'>, file: string, now: Date, log: EndLog): void {
  const end = endOf(certificate, file, now);
  if (!end) return;
  if (end.urgency === 'notice') log.info(end.text);
  else if (end.urgency === 'warning') log.warning(end.text);
  else log.critical(end.text);
}

/** For the 2.x tools, whose standard output scripts read: they said nothing of the end, so this goes to standard error. */
export function endLogOf({ note }: Pick<Output, 'note'>): EndLog {
  const line = (level: string) => (message: string) => note(`${level}: ${message}`);
  return { info: line('INFO'), warning: line('WARNING'), critical: line('CRITICAL') };
}
