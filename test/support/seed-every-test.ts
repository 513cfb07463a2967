import { seedEveryTest } from './random-runs';

seedEveryTest();
