export { ControllableClock } from './controllable-clock.js';
export {
  MemoryPlatform,
  type MemoryPlatformRequest,
  type StoreBehaviour,
  type StoredEventInput,
} from './memory-platform.js';
