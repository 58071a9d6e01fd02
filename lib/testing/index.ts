export { ControllableClock } from './controllable-clock.js';
