/** Copies of a repository in any other storage, carried there by n8n's own storage nodes (DESIGN §5). */
export { confirmCopied, type Confirmation, type ConfirmOptions, type ConfirmResult } from './confirm-copied';
export { filesToCopy, type FilesToCopyOptions, type FileToCopy } from './files-to-copy';
export { importFiles, type FileToImport, type ImportOptions, type ImportResult } from './import-files';
