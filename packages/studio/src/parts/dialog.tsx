import { useEffect, useRef, type ReactNode } from 'react';

type DialogProps = {
  readonly label: string;
  readonly className?: string;
  /** Left out: the dialog cannot be closed. */
  readonly onClose?: () => void;
  readonly children: ReactNode;
};

/** A modal dialog while it is rendered. The browser traps the focus in it. */
export function Dialog({ label, className = '', onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (dialog === null || dialog.open) return;
    const before = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      className={`dialog ${className}`}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClick={(event) => {
        if (event.target === element.current) onClose?.();
      }}
    >
      <div className="dialog-body">{children}</div>
    </dialog>
  );
}

type ConfirmProps = {
  readonly title: string;
  readonly children: ReactNode;
  readonly action: string;
  readonly isBusy?: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
};

export function Confirm({ title, children, action, isBusy = false, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog label={title} onClose={onClose}>
      <h2 className="dialog-title">{title}</h2>
      <div className="prose">{children}</div>
      <div className="dialog-actions">
        <button type="button" className="button quiet" onClick={onClose} autoFocus>
          Keep
        </button>
        <button type="button" className="button danger" disabled={isBusy} onClick={onConfirm}>
          {action}
        </button>
      </div>
    </Dialog>
  );
}
