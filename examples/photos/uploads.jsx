/** Where photos are dropped, and how far each of them is. */
import { useUnderpin } from '@underpin/sdk/react';
import { useEffect, useRef, useState } from 'react';

let serial = 0;

export function Uploads() {
  const [files, setFiles] = useState([]);
  const [isOver, setIsOver] = useState(false);
  const add = (list) => setFiles((before) => [...before, ...[...list].map((file) => ({ key: ++serial, file }))]);
  const drop = (event) => {
    event.preventDefault();
    setIsOver(false);
    add(event.dataTransfer.files);
  };
  const over = (event) => {
    event.preventDefault();
    setIsOver(true);
  };
  const choose = ({ target }) => {
    add(target.files);
    // So that the same file can be chosen again.
    target.value = '';
  };
  return (
    <section>
      <label className={isOver ? 'drop over' : 'drop'} onDrop={drop} onDragOver={over} onDragLeave={() => setIsOver(false)}>
        Drop photos here, or choose some
        <input type="file" accept="image/*" multiple onChange={choose} />
      </label>
      <ul>
        {files.map(({ key, file }) => (
          <Upload key={key} file={file} onDone={() => setFiles((before) => before.filter((one) => one.key !== key))} />
        ))}
      </ul>
    </section>
  );
}

function Upload({ file, onDone }) {
  const up = useUnderpin();
  const current = useRef(null);
  const [{ sent, total }, setProgress] = useState({ sent: 0, total: file.size });
  const [isPaused, setIsPaused] = useState(false);
  const [failed, setFailed] = useState('');

  const start = () => {
    setFailed('');
    const upload = up.files.upload(file, { collection: 'photos', field: 'image', onProgress: setProgress });
    current.current = upload;
    upload
      .then((image) => up.collection('photos').create({ image }))
      .then(onDone, (error) => (error.code === 'aborted' ? onDone() : setFailed(error.message)));
  };
  // One upload for each file, also where React mounts twice.
  useEffect(() => {
    if (current.current === null) start();
  }, []);
  const turn = () => {
    if (isPaused) current.current.resume();
    else current.current.pause();
    setIsPaused(!isPaused);
  };

  return (
    <li className="upload">
      <span>{file.name}</span>
      {failed ? (
        <>
          <p role="alert">{failed}</p>
          <button onClick={start}>Try again</button>
          <button className="quiet" onClick={onDone}>
            Give up
          </button>
        </>
      ) : (
        <>
          <progress aria-label={file.name} value={sent} max={total} />
          <button className="quiet" onClick={turn}>
            {isPaused ? 'Resume' : 'Pause'}
          </button>
          <button className="quiet" onClick={() => current.current.abort()}>
            Cancel
          </button>
        </>
      )}
    </li>
  );
}
