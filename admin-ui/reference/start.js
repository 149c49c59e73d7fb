/**
 * The page at /docs: what this caller may know of the API, shown by Swagger UI, and tried out as him.
 *
 * Who he is, the dashboard's cookie says, which the browser sends along, or the access token that is given under Authorize. With
 * another caller another description is true: it is asked for with the token first, and what the server refuses is not taken.
 */
const address = '/api/v1/openapi.json';

const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();

/** Shows the description for another caller; answers what the server said where it refused him. */
async function describeFor(system, headers) {
  const answer = await fetch(address, { headers });
  if (!answer.ok) return (await answer.json()).detail;
  system.specActions.updateSpec(await answer.text());
}

const asCaller = () => ({
  statePlugins: {
    auth: {
      wrapActions: {
        authorize: (authorize, system) => async (given) => {
          system.errActions.clear({ source: 'auth' });
          const refused = await describeFor(system, { Authorization: `Bearer ${given.token.value}` });
          if (refused === undefined) return authorize(given);
          system.errActions.newAuthErr({ authId: 'token', source: 'auth', level: 'error', message: refused });
        },
        logout: (logout, system) => async (names) => {
          logout(names);
          await describeFor(system, {});
        },
      },
    },
  },
});

window.SwaggerUIBundle({
  dom_id: '#reference',
  url: address,
  plugins: [asCaller],
  // Nothing leaves this origin: no badge of a validator elsewhere, and no address of a description from the page's own.
  validatorUrl: null,
  queryConfigEnabled: false,
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
});
