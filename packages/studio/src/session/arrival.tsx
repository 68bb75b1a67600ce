/** Shown in a tab that was opened to sign in for another tab. */
export function Arrival() {
  return (
    <main className="signed-out">
      <h1 className="display">You are signed in</h1>
      <p className="lead">Close this tab and return to the first one.</p>
    </main>
  );
}
