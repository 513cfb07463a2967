/** A drive's two sides as the engine drives them; whoever puts the parts together takes them from here. */
export { driveRestorer } from '../workloads/drive/restore-drive';
export { driveWorkload } from '../workloads/drive/drive';
export { driveScratch } from '../workloads/drive/scratch-drive';
