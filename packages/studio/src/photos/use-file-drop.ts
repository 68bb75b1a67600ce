import { useEffect, useRef, useState } from 'react';
import { droppedFiles } from './dropped-files.ts';

/** Takes files that are dropped anywhere on the page. Returns whether files are over it. */
export function useFileDrop(onFiles: (files: readonly File[]) => void): boolean {
  const [isOver, setIsOver] = useState(false);
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(() => {
    // Each element below the pointer is entered and left.
    let depth = 0;
    const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') === true;
    const listeners = {
      dragenter: (event: DragEvent) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        depth += 1;
        setIsOver(true);
      },
      dragover: (event: DragEvent) => {
        if (hasFiles(event)) event.preventDefault();
      },
      dragleave: (event: DragEvent) => {
        if (!hasFiles(event)) return;
        depth -= 1;
        if (depth <= 0) setIsOver(false);
      },
      drop: (event: DragEvent) => {
        depth = 0;
        setIsOver(false);
        if (!hasFiles(event)) return;
        event.preventDefault();
        if (event.dataTransfer === null) return;
        // A folder that cannot be read has no photos.
        droppedFiles(event.dataTransfer).then(
          (files) => latest.current(files),
          () => latest.current([]),
        );
      },
    } as const;
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name as 'drop', listener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) removeEventListener(name as 'drop', listener);
    };
  }, []);
  return isOver;
}
