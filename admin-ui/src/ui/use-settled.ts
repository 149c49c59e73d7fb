/** A value that follows another once that has stood still: one question to the server instead of one a keystroke. */
import { useEffect, useState } from 'react';

export const useSettled = <T>(value: T, ms = 200): T => {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
};
