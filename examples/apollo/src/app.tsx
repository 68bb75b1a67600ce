import { useState } from 'react';
import { useMutation, useQuery } from '@apollo/client/react';
import { graphql } from './gql/index.ts';
import { Portrait } from './portrait.tsx';

const Avatars = graphql(`
  query Avatars {
    avatars(first: 20) {
      edges {
        node {
          id
          name
        }
      }
    }
  }
`);
const CreateAvatar = graphql(`
  mutation CreateAvatar($input: CreateAvatarInput!) {
    createAvatar(input: $input) {
      ... on CreateAvatarPayload {
        avatar {
          id
          name
        }
      }
      ... on Error {
        message
      }
    }
  }
`);

export function App() {
  const [selected, select] = useState<string | null>(null);
  const { data, error } = useQuery(Avatars);
  const [create, creation] = useMutation(CreateAvatar, { refetchQueries: [Avatars], errorPolicy: 'all' });
  const refusal =
    creation.data && 'message' in creation.data.createAvatar ? creation.data.createAvatar : null;
  const problem = error ?? creation.error ?? refusal;

  async function submit(form: FormData) {
    const input = { name: String(form.get('name')), trainingType: 'PORTRAIT' as const };
    const result = (await create({ variables: { input } })).data?.createAvatar;
    if (result && 'avatar' in result) select(result.avatar.id);
  }

  return (
    <main>
      <h1>Headshots</h1>
      {problem && <p role="alert">{problem.message}</p>}
      <form action={submit}>
        <input name="name" placeholder="Name of a person" required />
        <button>New avatar</button>
      </form>
      <ul>
        {data?.avatars.edges.map(({ node }) => (
          <li key={node.id}>
            <button onClick={() => select(node.id)}>{node.name}</button>
          </li>
        ))}
      </ul>
      {selected && <Portrait key={selected} id={selected} />}
    </main>
  );
}
