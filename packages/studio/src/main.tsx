import '@fontsource-variable/archivo/wdth.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/wall.css';
import './styles/avatar.css';
import './styles/sheet.css';
import './styles/training.css';
import './styles/images.css';
import { createClient } from '@likeness/client';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { Arrival } from './session/arrival.tsx';
import { Library } from './live/library.ts';
import { offerToOtherTabs, placeAsked, returnedIn, takeTokensOfOtherTabs } from './session/login.ts';
import { Session, type SignedOut } from './session/session.ts';
import { showTheme } from './parts/theme.tsx';
import { StudioProvider } from './live/studio.ts';
import { Trays } from './photos/trays.ts';

showTheme();
const element = document.querySelector('#studio');
if (element === null) throw new Error('The page has no element #studio.');
const root = createRoot(element);
const { signIn, loginUrl = null } = document.documentElement.dataset;
const returned = returnedIn(location);
// The token must not stay in the address bar, nor in the history.
if (returned !== null) history.replaceState(null, '', location.pathname);

let why: SignedOut = 'never';
let arrived: string | null = null;
if (returned !== null) {
  const place = placeAsked(returned.state, sessionStorage);
  if (place !== null) {
    history.replaceState(null, '', `${location.pathname}${place}`);
    arrived = returned.token;
  } else if (await offerToOtherTabs(returned)) {
    root.render(<Arrival />);
    close();
  } else {
    why = 'foreign';
  }
}
const isForAnotherTab = returned !== null && arrived === null && why !== 'foreign';
if (!isForAnotherTab) start();

function start(): void {
  const session = new Session({ needsToken: signIn === 'token', storage: sessionStorage, why });
  if (arrived !== null && arrived !== '') session.signIn(arrived);
  takeTokensOfOtherTabs(sessionStorage, (token) => session.signIn(token));
  const trays = new Trays();
  const client = createClient({
    url: '/graphql',
    fetch: trays.fetch,
    ...(session.needsToken ? { token: session.token } : {}),
  });
  const library = new Library(client, session);
  trays.use(client, library);
  void library.follow();
  addEventListener('beforeunload', (event) => {
    if (trays.isSending) event.preventDefault();
  });
  root.render(
    <StudioProvider value={{ client, session, library, trays, loginUrl }}>
      <App />
    </StudioProvider>,
  );
}
