/** A site's two sides as the engine drives them; whoever puts the parts together takes them from here. */
export { siteRestorer } from '../workloads/site/restore-site';
export { siteScratch } from '../workloads/site/scratch-site';
export { siteContainers } from './site-containers';
export { siteWorkload } from '../workloads/site/site';
export { SITE_PARTS, type SitePartName } from '../workloads/site/site-options';
