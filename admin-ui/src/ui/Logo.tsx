/** The mark: a load carried by what stands beneath it. */
export const Logo = ({ size }: { size: number }) => (
  <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="7" fill="#0b6e63" />
    <path d="M8 7v10a8 8 0 0 0 16 0V7" fill="none" stroke="#fff" strokeWidth="3.5" strokeLinecap="round" />
    <path d="M8 27h16" stroke="#8fe0d3" strokeWidth="3" strokeLinecap="round" />
  </svg>
);
