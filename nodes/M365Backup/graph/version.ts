/** This package's version, as Graph sees it in the User-Agent. A test compares it with package.json. */
export const packageVersion = '0.1.0';

/** The form that Microsoft asks of traffic which is no ISV's, so that it is throttled later (SharePoint, "How to avoid getting throttled"). */
export const defaultUserAgent = `NONISV|n8n-nodes-m365-backup|M365Backup/${packageVersion}`;
