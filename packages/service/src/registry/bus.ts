import type { Registration } from './registrations/registration.ts';

/** Why a registration ended although its lifetime was not over. */
export type DeregistrationReason = 'device' | 'suspended';

/** What happens to devices, told after it was committed. */
export type RegistryEvent =
  | { readonly kind: 'registered'; readonly registration: Registration }
  /** `resources` says whether the device told new ones. */
  | { readonly kind: 'updated'; readonly registration: Registration; readonly resources: boolean }
  | {
      readonly kind: 'deregistered';
      readonly registration: Registration;
      readonly reason: DeregistrationReason;
      readonly at: number;
    }
  /** What a filter can ask for has changed: its entry in the directory, or its groups. */
  | { readonly kind: 'changed'; readonly accountId: string; readonly deviceId: string }
  | { readonly kind: 'expired'; readonly registration: Registration; readonly at: number }
  /** Devices that came with this trusted certificate, or with the pre-shared key of this name, are not let in any more. */
  | ({ readonly kind: 'shut-out'; readonly accountId: string } & (
      | { readonly trustedCertificateId: string }
      | { readonly keyOf: string }
    ))
  | { readonly kind: 'deleted'; readonly accountId: string; readonly deviceId: string; readonly at: number };

type Listener = (event: RegistryEvent) => void;

/** Tells what happens to devices to whoever in the service wants to know. */
export class RegistryEvents {
  readonly #listeners = new Set<Listener>();
  readonly #failed: (error: unknown) => void;

  /** @param failed told what a listener threw: what was committed stands whatever others make of it */
  constructor(failed: (error: unknown) => void = () => undefined) {
    this.#failed = failed;
  }

  /** @returns what ends the listening */
  listen(listener: Listener): () => void {
    // A function of its own, so that one that listens twice can also stop twice.
    const own: Listener = (event) => listener(event);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  tell(event: RegistryEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}
