import type { Certificate } from '@mooring/pki';
import { type Checklist, stop } from './checklist.ts';
import { dateText } from './device-time.ts';

const tenYears = 315_360_000_000;
const clockSlack = 60_000;

/** As verify_certificate_expiration of mbed-cloud-client: a certificate past its end is an error, everything else about dates a warning. */
export function checkValidity(list: Checklist, item: string, { notBefore, notAfter }: Certificate): void {
  list.certificates.push({ item, notAfter });
  const { now, source } = list.time;
  if (!now) {
    list.warn('unchecked', item, `The time is not known; the certificate is good until ${dateText(notAfter)}.`);
    return;
  }
  const byNow = `by the ${source} it is ${dateText(now)}`;
  if (now > notAfter) throw stop('expired', item, `The certificate ended at ${dateText(notAfter)}, and ${byNow}.`);
  if (now.getTime() + clockSlack < notBefore.getTime()) {
    list.warn('unchecked', item, `The certificate begins at ${dateText(notBefore)}, and ${byNow}.`);
  }
  if (notAfter.getTime() - now.getTime() < tenYears) {
    list.warn('short', item, `The certificate ends at ${dateText(notAfter)}.`);
  }
}
