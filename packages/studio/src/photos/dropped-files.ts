const MAX_OF_FOLDERS = 300;
const PHOTO = /\.(?:jpe?g|png|webp|hei[cf])$/i;

/** The files of a drop. Of a folder, only its images, also those in subfolders. */
export async function droppedFiles({ items, files }: DataTransfer): Promise<File[]> {
  // Both lists are empty as soon as the event is over.
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const single = [...files];
  const folders = entries.filter(isFolder);
  if (folders.length === 0) return single;
  const names = new Set(folders.map(({ name }) => name));
  return [...single.filter(({ name }) => !names.has(name)), ...(await photosIn(folders))];
}

async function photosIn(folders: FileSystemDirectoryEntry[]): Promise<File[]> {
  const photos: File[] = [];
  for (const folder of folders) {
    for (const entry of await entriesOf(folder)) {
      if (photos.length === MAX_OF_FOLDERS) return photos;
      if (isFolder(entry)) folders.push(entry);
      else if (isFile(entry) && PHOTO.test(entry.name)) photos.push(await fileOf(entry));
    }
  }
  return photos;
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // A browser returns a folder in parts; an empty part is the end.
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
