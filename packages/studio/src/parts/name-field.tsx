import { useId } from 'react';

const MAX_LENGTH = 100;

type NameFieldProps = {
  readonly id: string;
  readonly name: string;
  readonly placeholder?: string;
  readonly onName: (name: string) => void;
};

/** The name of an avatar. Shows the limit when it is reached, because a browser cuts a longer text silently. */
export function NameField({ id, name, placeholder, onName }: NameFieldProps) {
  const limit = useId();
  return (
    <>
      <input
        id={id}
        className="name-field"
        value={name}
        onChange={({ target }) => onName(target.value)}
        placeholder={placeholder}
        maxLength={MAX_LENGTH}
        required
        autoFocus
        autoComplete="off"
        aria-describedby={limit}
      />
      <p id={limit} className="hint name-limit" role="status">
        {name.length >= MAX_LENGTH ? `A name has at most ${MAX_LENGTH} characters.` : ''}
      </p>
    </>
  );
}
