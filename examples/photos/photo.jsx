/**
 * One photo. An <img> cannot send a token: what everybody may see has an address that needs none, and of what only some may see the
 * page fetches the bytes itself. A link that is good for two minutes is for another window, which has no token either.
 */
import { useMutation, useUnderpin } from '@underpin/sdk/react';
import { useEffect, useState } from 'react';

const thumb = '400x300';

export function Photo({ photo, isOwn }) {
  const up = useUnderpin();
  const photos = up.collection('photos');
  const change = useMutation((data, once) => photos.update(photo.id, data, once));
  const remove = useMutation((_, once) => photos.delete(photo.id, once));
  const source = useSource(photo);
  const name = photo.caption || photo.image.name;
  const open = async (event) => {
    event.preventDefault();
    // Opened at once, in the click, or the browser takes it for an advertisement.
    const other = window.open('', '_blank');
    other.location = (await up.files.link(photo.image)).url;
  };
  const rename = (event) => {
    if (event.target.value !== (photo.caption ?? '')) change.run({ caption: event.target.value });
  };
  const error = change.error ?? remove.error;
  return (
    <li className="photo">
      <a href={up.files.url(photo.image)} onClick={open} aria-label={`Open ${name}`}>
        {source ? <img src={source} alt={name} width="400" height="300" /> : <span className="missing" />}
      </a>
      {isOwn ? (
        <div>
          <input
            aria-label={`Caption of ${photo.image.name}`}
            placeholder="Caption"
            key={photo.caption}
            defaultValue={photo.caption ?? ''}
            maxLength={200}
            onBlur={rename}
          />
          <label>
            <input type="checkbox" checked={photo.shared} onChange={(event) => change.run({ shared: event.target.checked })} />
            Shared
          </label>
          <button className="quiet" aria-label={`Delete ${name}`} onClick={() => remove.run(null)}>
            ×
          </button>
        </div>
      ) : (
        <div>{photo.caption}</div>
      )}
      {error ? <p role="alert">{error.message}</p> : null}
    </li>
  );
}

/** What an <img> can show of it. */
function useSource({ shared, image }) {
  const up = useUnderpin();
  const [fetched, setFetched] = useState(null);
  useEffect(() => {
    if (shared) return undefined;
    const controller = new AbortController();
    let url = null;
    up.files.blob(image, { thumb, signal: controller.signal }).then(
      (bytes) => {
        if (controller.signal.aborted) return;
        url = URL.createObjectURL(bytes);
        setFetched(url);
      },
      () => setFetched(null),
    );
    return () => {
      controller.abort();
      setFetched(null);
      if (url) URL.revokeObjectURL(url);
    };
  }, [up, shared, image.id]);
  return shared ? up.files.url(image, { thumb }) : fetched;
}
