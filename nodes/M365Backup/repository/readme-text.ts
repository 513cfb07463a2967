/** README.txt of every repository: how to read it without this software. Plain ASCII, since anybody may open it anywhere. */
export const REPOSITORY_README = `These files are a backup of Microsoft 365 made by n8n-nodes-m365-backup, format version 1.
Everything can be opened without that software. Do not rename, change or delete files by hand.

WHAT IS WHERE
  <workload>-<16 hex digits>/           one mailbox, drive or site; its name stands in every snapshot.json
    <run>.snapshot.json                 one backup: when, what, which files belong to it
    <run>.archive-0001.zip              messages (.eml), files, and items (.json)
    <run>.segment-0001.ndjson.gz        the list of items: which entry of which archive holds which item
    <run>.cursor.json, cursor.json      how far the backup got; only the software needs it
    <run>.seen-0001.ndjson.gz           notes of a listing that is still going on; only the software needs it
  A run is named by its start in UTC and four hex digits. A backup counts once its snapshot.json exists.
  In storages without folders the names are <workload>-<16 hex digits>.<run>.archive-0001.zip and so on.

TO GET AT SOMETHING
  1. Open the .zip archives with any ZIP program. The folders in them are the folders of the mailbox or drive.
     The last entry, _catalog.ndjson, lists the items of that archive.
  2. To see exactly what one backup holds, take its snapshot.json and the segments it names, oldest first:
       zcat <segment>.ndjson.gz
     One line an item, sorted by id. A later line of the same id changes the earlier one: fields that are present
     replace, absent ones stay, null removes (the same for the fields of "meta"); "whole" hides all earlier lines;
     "deleted" ends the item. "content" says in which archive, under which name and at which offset the bytes are,
     with their size and SHA-256. The last lines, without an id, are an index.
     Beside the content itself an item may have parts, each named by "part": attachments, a photo, older versions.
     Identical files are stored once: several items may name the same entry, also one of an earlier backup's archive.
  3. Every snapshot.json has the size and SHA-256 of its segments, and a segment's index those of the archives. The
     "check" at the end of a .json is the SHA-256 of that file with 64 zeros in its place.

NAMES THAT END IN .age
  Then the backup is encrypted in the age format (https://age-encryption.org), and nobody can open it without a key:
  a line that begins with AGE-SECRET-KEY-1, in a file key.txt. Either of the keys whose public parts (age1...) stand
  in repository.json opens everything. The program age is in Debian and Ubuntu (apt install age), and elsewhere.
       age -d -i key.txt FILE.age > FILE
  makes FILE, which is as described above:
       age -d -i key.txt <segment>.ndjson.gz.age | zcat | grep "part of the subject"
       age -d -i key.txt <archive>.zip.age > archive.zip; unzip archive.zip
  Sizes and SHA-256 in the records are those of the .age files; offsets are those of the decrypted ones.
`;
