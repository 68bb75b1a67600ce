const MAX_OF_FOLDERS = 300;
const PICTURE = /\.(?:jpe?g|png|webp|hei[cf])$/i;

/** The files of a drop. A folder stands for the pictures in it: its other files are no photos that the user chose. */
export async function droppedFiles({ items, files }: DataTransfer): Promise<File[]> {
  // Both lists are empty as soon as the event is over.
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const single = [...files];
  const folders = entries.filter(isFolder);
  if (folders.length === 0) return single;
  const names = new Set(folders.map(({ name }) => name));
  return [...single.filter(({ name }) => !names.has(name)), ...(await picturesIn(folders))];
}

async function picturesIn(folders: FileSystemDirectoryEntry[]): Promise<File[]> {
  const pictures: File[] = [];
  for (const folder of folders) {
    for (const entry of await entriesOf(folder)) {
      if (pictures.length === MAX_OF_FOLDERS) return pictures;
      if (isFolder(entry)) folders.push(entry);
      else if (isFile(entry) && PICTURE.test(entry.name)) pictures.push(await fileOf(entry));
    }
  }
  return pictures;
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // A browser gives a folder in parts, and an empty one at its end.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (part.length === 0) return all.sort((a, b) => a.name.localeCompare(b.name));
    all.push(...part);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}
