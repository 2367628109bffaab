export { type Flash, flashWith } from './flash.ts';
export { Fleet, type FleetOptions } from './fleet.ts';
export type { Percentiles } from './histogram.ts';
export { calmFleet, type FleetSettings } from './settings.ts';
export { type Identity, SimulatedDevice } from './simulated-device.ts';
export { Simulation, type SimulationOptions } from './simulation.ts';
export { type Event, events, type Seen, Tally, type Timing, timings } from './tally.ts';
