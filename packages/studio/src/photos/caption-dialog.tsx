import { useEffect, useState, type SubmitEvent } from 'react';
import { count } from '../words/numbers.ts';
import { Dialog } from '../parts/dialog.tsx';
import type { Captioned } from './trays.ts';

type CaptionDialogProps = {
  readonly files: readonly File[];
  readonly onDone: (files: readonly Captioned[]) => void;
  readonly onClose: () => void;
};

/** Asks for captions before the photos are sent: the API takes a caption only with its file. */
export function CaptionDialog({ files, onDone, onClose }: CaptionDialogProps) {
  const [captions, setCaptions] = useState<Readonly<Record<number, string>>>({});
  const [previews, setPreviews] = useState<readonly string[]>([]);
  useEffect(() => {
    const urls = files.map((file) => URL.createObjectURL(file));
    setPreviews(urls);
    return () => {
      for (const url of urls) URL.revokeObjectURL(url);
    };
  }, [files]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onDone(
      files.map((file, index) => {
        const caption = captions[index]?.trim();
        return { file, caption: caption === '' ? undefined : caption };
      }),
    );
  };
  return (
    <Dialog label="Captions" className="captions" onClose={onClose}>
      <form onSubmit={submit}>
        <h2 className="dialog-title">Captions</h2>
        <p className="hint">
          Describe each photo, as in “[trigger] laughing in a garden”. The trainer captions photos without a
          caption.
        </p>
        <ul className="caption-list">
          {files.map((file, index) => (
            <li key={`${index} ${file.name}`}>
              {previews[index] !== undefined && <img src={previews[index]} alt="" />}
              <label>
                <span>{file.name}</span>
                <textarea
                  className="field"
                  rows={2}
                  maxLength={1000}
                  value={captions[index] ?? ''}
                  onChange={({ target }) => setCaptions((all) => ({ ...all, [index]: target.value }))}
                />
              </label>
            </li>
          ))}
        </ul>
        <div className="dialog-actions">
          <button type="button" className="button quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary">
            Add {count(files.length, 'photo')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
