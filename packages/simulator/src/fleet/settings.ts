/** What is to go on in a simulation. Times are in seconds, shares in percent. */
export interface FleetSettings {
  /** Lifetime of the registrations. */
  readonly lifetime: number;
  /** Devices that come up in a second, over all processes; 0 for all at once. */
  readonly rate: number;
  /** Changes of values in a second, over all processes. */
  readonly notifications: number;
  /** Registration updates in a second, besides those that devices send in time, over all processes. */
  readonly updates: number;
  /** Of the connections, how many are cut in each minute. */
  readonly loss: number;
  /** Of those that are cut, how many in such a way that neither side hears of it. */
  readonly halfOpen: number;
  /** All connections are cut at once, so often; 0 for never. */
  readonly storm: number;
  /** Of the devices, how many sleep most of the time. */
  readonly sleepy: number;
  /** How long those sleep, ± 10 %. */
  readonly sleep: number;
  /** Of the devices, how many have a clock that is wrong: half of them begin in 1970, half in 2080. */
  readonly wrongClocks: number;
}

export const calmFleet: FleetSettings = {
  lifetime: 3600,
  rate: 0,
  notifications: 0,
  updates: 0,
  loss: 0,
  halfOpen: 50,
  storm: 0,
  sleepy: 0,
  sleep: 300,
  wrongClocks: 0,
};
