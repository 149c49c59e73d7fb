/**
 * Files that are dropped on a field, or pasted while the pointer or the focus is in it. A file that falls beside it is let go:
 * a browser would open it in place of the page, and what was typed there would be lost.
 */
import { useEffect, useRef, useState, type DragEvent } from 'react';

const carriesFiles = (data: DataTransfer | null): boolean => data !== null && [...data.types].includes('Files');

const hold = (event: globalThis.DragEvent) => {
  if (carriesFiles(event.dataTransfer)) event.preventDefault();
};

export const useDrop = (enabled: boolean, onFiles: (files: readonly File[]) => void) => {
  const [isOver, setOver] = useState(false);
  const [isPointed, setPointed] = useState(false);
  const latest = useRef(onFiles);
  useEffect(() => {
    latest.current = onFiles;
  });
  useEffect(() => {
    window.addEventListener('dragover', hold);
    window.addEventListener('drop', hold);
    return () => {
      window.removeEventListener('dragover', hold);
      window.removeEventListener('drop', hold);
    };
  }, []);
  const isActive = enabled && isPointed;
  useEffect(() => {
    if (!isActive) return undefined;
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      // The focus may be in one field and the pointer in another: one of them takes it.
      if (files.length === 0 || event.defaultPrevented) return;
      event.preventDefault();
      latest.current(files);
    };
    document.addEventListener('paste', paste);
    return () => document.removeEventListener('paste', paste);
  }, [isActive]);

  const zone = {
    onPointerEnter: () => setPointed(true),
    onPointerLeave: () => setPointed(false),
    onFocus: () => setPointed(true),
    onBlur: () => setPointed(false),
    onDragOver: (event: DragEvent) => {
      if (!carriesFiles(event.dataTransfer)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = enabled ? 'copy' : 'none';
      setOver(enabled);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      setOver(false);
      if (!carriesFiles(event.dataTransfer)) return;
      event.preventDefault();
      if (enabled) latest.current([...event.dataTransfer.files]);
    },
  };
  return { isOver, zone };
};
